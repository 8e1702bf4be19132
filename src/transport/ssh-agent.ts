import ssh2, { type IdentityCallback, type ParsedKey, type SignCallback, type SigningRequestOptions } from 'ssh2';

/** The keys an agent holds; none where no agent answers, as with `ssh`. */
export function listAgentKeys(socket: string): Promise<readonly ParsedKey[]> {
  return new Promise((resolve) => {
    new ssh2.OpenSSHAgent(socket).getIdentities((error, keys) => {
      resolve(error ? [] : ((keys ?? []) as readonly ParsedKey[]));
    });
  });
}

/** One key of an agent, so that keys can be offered in an order of our own. */
export class OneKeyAgent extends ssh2.BaseAgent {
  readonly #agent: ssh2.OpenSSHAgent;
  readonly #key: ParsedKey;
  /** It would not sign with the key: it is locked, or somebody who was asked said no. */
  isUnwilling = false;

  constructor(socket: string, key: ParsedKey) {
    super();
    this.#agent = new ssh2.OpenSSHAgent(socket);
    this.#key = key;
  }

  getIdentities(done: IdentityCallback): void {
    done(null, [this.#key]);
  }

  sign(_key: unknown, data: Buffer, options: SigningRequestOptions | SignCallback, done?: SignCallback): void {
    const [how, answer] = typeof options === 'function' ? [{}, options] : [options, done];
    this.#agent.sign(this.#key, data, how, (error, signature) => {
      this.isUnwilling ||= Boolean(error);
      answer?.(error, signature);
    });
  }
}
