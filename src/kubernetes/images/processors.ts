/** The processor that an ELF program is for, as images call it; undefined for what is no such program. */
export function processorOf(program: Buffer): string | undefined {
  if (program.length < 20 || program.readUInt32BE() !== 0x7f454c46) return undefined;
  const isBigEndian = program[5] === 2;
  const machine = isBigEndian ? program.readUInt16BE(18) : program.readUInt16LE(18);
  return byMachine[machine];
}

/** e_machine, of elf.h. */
const byMachine: Readonly<Record<number, string>> = {
  3: '386',
  21: 'ppc64le',
  22: 's390x',
  40: 'arm',
  62: 'amd64',
  183: 'arm64',
  243: 'riscv64',
  258: 'loong64',
};
