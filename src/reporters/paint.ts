const codes = { red: [31, 39], green: [32, 39], yellow: [33, 39], dim: [2, 22], bold: [1, 22] } as const;

export type Paint = Readonly<Record<keyof typeof codes, (text?: string) => string>>;

/** Terminal colours, or none of them. */
export function createPaint(color: boolean): Paint {
  const paint =
    ([on, off]: readonly [number, number]) =>
    (text = ''): string =>
      color && text !== '' ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  return {
    red: paint(codes.red),
    green: paint(codes.green),
    yellow: paint(codes.yellow),
    dim: paint(codes.dim),
    bold: paint(codes.bold),
  };
}
