#!/bin/bash
# Help, manual pages and completions say the same as the parser: they come from one table. $1: build directory; `all`: zsh, fish and mandoc must
# be there too.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 2
build=${1:-build} need=${2:-}
isobit=$(realpath "$build/isobit")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0
check() { if [ "$2" = "$3" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); printf 'FAIL %s\n     got      %s\n     expected %s\n' "$1" "$2" "$3"; fi; }
there() { command -v "$1" >/dev/null && return; [ "$need" != all ] || check "$1 is there" no yes; return 1; }
PATH=$(dirname "$isobit"):$PATH
cd "$work" || exit 2
mkdir "a folder" && touch recipe.yaml notes.txt

commands=$("$isobit" help | sed -n '/^usage/,/^`/s/^  \([a-z]*\) .*/\1/p')
check "commands" "$(grep -c . <<<"$commands" | awk '{print ($1 >= 8)}')" 1
for shell in bash zsh fish; do
    "$isobit" help --completion $shell >isobit.$shell
done
for command in $commands; do
    "$isobit" $command --help >text
    check "help $command and $command --help" "$("$isobit" help $command)" "$(cat text)"
    check "$command: has an example that calls it" "$(sed -n '/^examples*:$/,$p' text | grep -cE "isobit $command( |\$)" | awk '{print ($1 >= 1)}')" 1
    check "$command: fits into 100 columns, but for examples" "$(sed '/^examples*:$/,$d' text | awk 'length > 100')" ""
    "$isobit" help --man $command >page
    check "$command: the page has its name" "$(sed -n 3,5p page | grep -c "^isobit\\\\-$command ")" 1
    if there mandoc; then
        check "mandoc: $command" "$(mandoc -T lint -W warning page | grep -v 'missing date')" ""
    fi
    for option in $(sed '/^examples*:$/,$d' text | grep -o '^  --[a-z-]*'); do
        check "$command $option: in the page" "$(grep -c "^.fB$(sed 's/-/\\\\-/g' <<<$option).fR" page)" 1
        check "$command $option: in bash" "$(grep "^    '$command '\*" -A 2 isobit.bash | grep -cE -- "$option( |')")" 1
        check "$command $option: in zsh" "$(sed -n "/^    $command)/,/;;/p" isobit.zsh | grep -cE -- "'\*?$option\[")" 1
        check "$command $option: in fish" "$(grep -c "seen_subcommand_from $command' -l ${option#--} " isobit.fish)" 1
        [ "$option" = --help ] || check "$command $option: known to the parser" "$("$isobit" $command "$option" 2>&1 </dev/null | grep -c 'unknown option')" 0
    done
done
"$isobit" help --man >page
for command in $commands; do
    check "isobit(1) names $command" "$(grep -cE "^.BR isobit.-$command \(1\),?$" page)" 2
done
if there mandoc; then
    check "mandoc: isobit" "$(mandoc -T lint -W warning page | grep -v 'missing date')" ""
fi

for name in recipe Conv2d nn.Linear RandomResizedCrop SGD DataLoader WeightedRandomSampler FashionMNIST CrossEntropyLoss; do
    check "help $name" "$("$isobit" help $name 2>&1 | awk 'length > 100')$("$isobit" help $name 2>&1 | grep -cE '\((required|default)|default: ' | awk '{print ($1 >= 1)}')" 1
done
check "help of what is mistyped" "$("$isobit" help conv2d 2>&1 | grep -o "did you mean 'Conv2d'")" "did you mean 'Conv2d'"

# ---- Shells ----
complete_bash() { # the words of a command line, the last one to be completed
    bash -c 'source ./isobit.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _isobit isobit "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf "%s|" "${COMPREPLY[@]}"' bash "$@"
}
check "bash: command" "$(complete_bash isobit tr)" "train|"
check "bash: option" "$(complete_bash isobit train --mi)" "--micro-batch|"
check "bash: word" "$(complete_bash isobit verify --isa av)" "avx2|avx512|"
check "bash: recipe" "$(complete_bash isobit train '')" "recipe.yaml|a folder|"
check "bash: folder" "$(complete_bash isobit train --out '')" "a folder|"
check "bash: number" "$(complete_bash isobit train --threads '')" "|"
check "bash: help" "$(complete_bash isobit help ver)" "verify|"
if there fish; then
    complete_fish() { HOME=$work fish -c 'source isobit.fish; complete -C $argv[1]' -- "$1" 2>&1 | cut -f 1 | tr '\n' '|'; }
    check "fish: command" "$(complete_fish 'isobit tr')" "train|"
    check "fish: option" "$(complete_fish 'isobit train --mi')" "--micro-batch|"
    check "fish: word" "$(complete_fish 'isobit verify --isa av')" "avx2|avx512|"
    check "fish: recipe" "$(complete_fish 'isobit train re')" "recipe.yaml|"
    check "fish: folder" "$(complete_fish 'isobit train --out ')" "a folder/|"
    check "fish: help" "$(complete_fish 'isobit help ver')" "verify|"
fi
if there zsh; then
    complete_zsh() { # types into an interactive shell and presses Tab
        zsh -fc 'zmodload zsh/zpty; zpty shell zsh -f -i; zpty -w shell "PS1=; autoload -U compinit; compinit -u -d \$PWD/dump; source ./isobit.zsh; stty cols 200; echo rea\"\"dy"
            while zpty -r shell line && [[ $line != ready* ]]; do :; done
            zpty -w -n shell "$1"$'"'\t'"'; sleep 1; zpty -w -n shell $'"'\C-u'"'"echo do\"\"ne"$'"'\n'"'
            while zpty -r shell line && [[ $line != *done* ]]; do print -r -- "$line"; done' zsh "$1" 2>&1 | tr -d '\r'
    }
    check "zsh: command" "$(complete_zsh 'isobit tr' | grep -c 'isobit train')" 1
    check "zsh: option" "$(complete_zsh 'isobit train --mi' | grep -c 'isobit train --micro-batch')" 1
    check "zsh: recipe" "$(complete_zsh 'isobit train re' | grep -c 'isobit train recipe.yaml')" 1
fi

# ---- Terminals of any width ----
narrow=$(script -qc "stty cols 40; isobit help train; isobit; isobit help help" /dev/null </dev/null | tr -d '\r' | sed '/^examples*:$/,/^isobit/d' | awk 'length > 40')
check "40 columns" "$narrow" ""

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
