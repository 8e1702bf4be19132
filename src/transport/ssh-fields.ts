/** Reads the fields of an SSH message or key one after the other (RFC 4251, section 5); throws a RangeError behind the end. */
export function openFields(data: Buffer, start = 0) {
  let at = start;
  const take = (length: number): Buffer => {
    if (at + length > data.length) throw new RangeError('it is cut off');
    at += length;
    return data.subarray(at - length, at);
  };
  const bytes = (): Buffer => take(take(4).readUInt32BE());
  return {
    bytes,
    /** Without what a terminal might obey. */
    text: () =>
      bytes()
        .toString('latin1')
        .replace(/[^ -~]/g, '\ufffd'),
    number32: () => take(4).readUInt32BE(),
    number64: () => take(8).readBigUInt64BE(),
    position: () => at,
  };
}

/** A field with its length before it. */
export function toField(content: Buffer | string): Buffer {
  const bytes = Buffer.from(content);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
