import { z } from 'zod';
import { localPath } from './artifact-schema.ts';
import { oneOrMore } from './batch-size.ts';

/** The etcd that a flannel without the API of Kubernetes keeps its ranges in. */
export const etcdSchema = z.strictObject({
  endpoints: oneOrMore(z.url({ protocol: /^https?$/ }).meta({ examples: ['https://10.0.0.1:2379'] })).describe(
    'addresses of etcd, as nodes and the first control-plane host reach it',
  ),
  prefix: z
    .string()
    .regex(/^(\/[\w.-]+)+$/, 'Not a prefix of keys')
    .default('/coreos.com/network')
    .describe('what its keys begin with'),
  ca: localPath().optional().describe("the CA of etcd's certificate, a local file; relative to the inventory"),
  certificate: localPath().optional().describe('the client certificate that flanneld shows, a local file'),
  key: localPath().optional().describe('its key, a local file'),
});
