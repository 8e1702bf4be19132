import { basename, join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const reports = process.env['PROVISION_TEST_REPORTS'];

/** Begun first, so that the others fill the time of the machine beside them; kills and resilience, of two labs each, not at once. */
const longest = ['agents', 'undo', 'roll-current', 'kills', 'roll', 'resilience'];

/** The longest first, then in the order of their names: those of one lab follow one another. */
class InOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): string => {
      const rank = longest.indexOf(basename(moduleId, '.test.ts'));
      return `${rank < 0 ? longest.length : rank} ${moduleId}`;
    };
    return files.toSorted((a, b) => (place(a) < place(b) ? -1 : 1));
  }
}

/** Of hosts alone: another Kubernetes makes no difference to them. */
const withoutKubernetes = ['08-full-disk', '14-failures', '15-ways-in', '16-secrets', '16-ways-in'];

const labProject = (
  name: string,
  groupOrder: number,
  globalSetup: readonly string[],
  labsAtOnce: number,
  { folder = name, without = [] }: { readonly folder?: string; readonly without?: readonly string[] } = {},
) => ({
  test: {
    name,
    include: [`test/${folder}/**/*.test.ts`],
    exclude: without.map((file) => `test/${folder}/${file}.test.ts`),
    globalSetup: [...globalSetup],
    testTimeout: 1_800_000,
    hookTimeout: 1_200_000,
    fileParallelism: labsAtOnce > 1,
    maxWorkers: labsAtOnce,
    sequence: { groupOrder },
  },
});

export default defineConfig({
  test: {
    reporters: reports
      ? ['default', ['json', { outputFile: join(reports, `${Date.now()}-${process.pid}.json`) }]]
      : ['default'],
    sequence: { sequencer: InOrder },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts', 'test/operations/**/*.test.ts'],
          globalSetup: ['test/programs.ts'],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'contract',
          include: ['test/contract/**/*.test.ts'],
          globalSetup: ['test/programs.ts'],
          testTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
      labProject('lab-core', 2, ['test/lab/shared-lab.ts'], 1),
      labProject('lab-core-current', 4, ['test/lab/shared-lab.ts'], 1, {
        folder: 'lab-core',
        without: withoutKubernetes,
      }),
      labProject('lab-full', 3, ['test/lab/check-machine.ts'], 1),
      labProject('lab-long', 5, ['test/lab/check-machine.ts'], 2),
      labProject('lab-further', 6, ['test/lab/check-machine.ts'], 2),
    ],
  },
});
