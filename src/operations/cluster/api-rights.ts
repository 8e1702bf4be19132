import { z } from 'zod';
import { ProvisionError } from '../../errors.ts';
import { type Right, type RightsAnswer, sayRight } from '../../kubernetes/cluster/rights.ts';
import { defineClusterOperation } from '../cluster-operation.ts';

const right = z
  .string()
  .regex(/^[a-z]+ [a-z]+(\/[a-z]+)?$/, 'Not a verb and a resource: expected something like "list nodes"')
  .transform((text): Right => {
    const [verb = '', resource = ''] = text.split(' ');
    return { verb, resource };
  });

const schema = z.strictObject({
  token: z.string().describe('whose rights are meant'),
  allowed: z.array(right).describe('what it has to be allowed in all namespaces, such as `list nodes`'),
  denied: z.array(right).describe('what it must not be allowed'),
});

/** The rights of a token are those it needs: asked with the token itself when something changes, and with --verify. */
export const apiRights = defineClusterOperation({
  scope: 'cluster',
  name: 'api_rights',
  summary: 'the owner of a token is allowed what it needs, and nothing of what it must not be allowed',
  schema,
  asksRights: (desired) => desired,
  diff({ rights }) {
    if (rights !== undefined) refuse(rights);
    return [];
  },
  apply: () => Promise.resolve('the rights are those that are needed'),
});

const sayAll = (rights: readonly Right[]): string => rights.map(sayRight).join(', ');

/** Throws TOKEN_REJECTED, RIGHTS_MISSING, RIGHTS_TOO_WIDE. */
function refuse({ user, isRejected, missing, excess, bindings }: RightsAnswer): void {
  if (isRejected)
    throw new ProvisionError({
      code: 'TOKEN_REJECTED',
      kind: 'cluster',
      what: `the API does not accept the token of ${user}`,
      why: 'it was made for this account a moment ago, or its account is another one by now',
      fix: 'See that --service-account-key-file of the API servers belongs to --service-account-private-key-file of the controller-managers; then delete the Secret of the token, and run again.',
    });
  if (excess.length > 0)
    throw new ProvisionError({
      code: 'RIGHTS_TOO_WIDE',
      kind: 'cluster',
      what: `${user} may do more than it needs: ${sayAll(excess)}, in all namespaces`,
      why: bindings.length > 0 ? bindings.join('\n') : 'no ClusterRoleBinding gives it that right',
      fix:
        bindings.length > 0
          ? 'Take that subject out of the binding, or delete the binding; then run again.'
          : 'See that the API servers authorize by --authorization-mode=Node,RBAC, without AlwaysAllow.',
    });
  if (missing.length > 0)
    throw new ProvisionError({
      code: 'RIGHTS_MISSING',
      kind: 'cluster',
      what: `${user} may not do what it has to: ${sayAll(missing)}`,
      why: 'the API says so, asked with its token, although the role and its binding are there',
      fix: 'See that the API servers authorize by RBAC (--authorization-mode), and that no webhook of theirs denies it; then run again.',
    });
}
