import { z } from 'zod';
import { sh } from '../../shell.ts';
import { readField } from '../fields.ts';
import { defineOperation } from '../operation.ts';

const schema = z.strictObject({
  writer: z.enum(['agent', 'etcd-flannel']).describe('who writes /run/flannel/subnet.env on this host'),
});

/** As long as it is there, the agent `static-routes` leaves subnet.env alone. */
export const leavesSubnetFile = '/etc/provision/static-routes/leaves-subnet-env';

const say = (writer: 'agent' | 'etcd-flannel') =>
  writer === 'etcd-flannel'
    ? sh`make_directory ${leavesSubnetFile.slice(0, leavesSubnetFile.lastIndexOf('/'))}
: >${leavesSubnetFile}`
    : sh`rm -f ${leavesSubnetFile}
drop_directories ${leavesSubnetFile.slice(0, leavesSubnetFile.lastIndexOf('/'))}`;

/**
 * Whose subnet.env is: Docker takes its range from the one that a flannel with etcd writes, until the node leaves docker0.
 * Not a file task: a batch that is put back has to get it back, though the same run has made it.
 */
export const subnetFile = defineOperation({
  name: 'subnet_file',
  summary: 'who writes `/run/flannel/subnet.env`: the agent, or the flannel that Docker goes by',
  schema,
  probe: () => sh`[ ! -e ${leavesSubnetFile} ] || echo 'left yes'`,
  parse: (output): 'agent' | 'etcd-flannel' => (readField(output, 'left') === 'yes' ? 'etcd-flannel' : 'agent'),
  diff: (actual, { writer }) =>
    actual === writer
      ? []
      : [
          {
            subject: '/run/flannel/subnet.env',
            action:
              writer === 'agent' ? 'is written by the agent from now on' : 'is left to the flannel that Docker goes by',
          },
        ],
  apply: ({ writer }) => say(writer),
  undo: (actual) => say(actual),
});
