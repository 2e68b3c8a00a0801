// Runs a WebAssembly program of WASI with the files below one folder: node wasi.mjs PROGRAM FOLDER [ARGUMENT...]; the program sees the folder as ".".
import { readFile } from "node:fs/promises";
import { WASI } from "node:wasi";

const [program, folder, ...args] = process.argv.slice(2);
const wasi = new WASI({ version: "preview1", args: [program, ...args], preopens: { ".": folder }, returnOnExit: true });
const module = await WebAssembly.compile(await readFile(program));
const instance = await WebAssembly.instantiate(module, wasi.getImportObject?.() ?? { wasi_snapshot_preview1: wasi.wasiImport });
process.exitCode = wasi.start(instance);
