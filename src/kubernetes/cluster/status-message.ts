/** What the Status that the API answers with says; undefined for another answer. */
export function messageIn(body: unknown): string | undefined {
  try {
    const { message } = (typeof body === 'string' ? JSON.parse(body) : body) as { message?: string };
    return message;
  } catch {
    return undefined;
  }
}

/** The causes that such a Status names, in the words of the API. */
export function causesIn(body: unknown): readonly string[] {
  try {
    const { details } = (typeof body === 'string' ? JSON.parse(body) : body) as {
      details?: { causes?: readonly { readonly message?: string }[] };
    };
    return details?.causes?.flatMap(({ message }) => message ?? []) ?? [];
  } catch {
    return [];
  }
}
