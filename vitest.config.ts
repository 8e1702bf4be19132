import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const reports = process.env['PROVISION_TEST_REPORTS'];

/** Files in the order of their names: those of one lab follow one another. */
class ByName extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return files.toSorted((a, b) => (a.moduleId < b.moduleId ? -1 : 1));
  }
}

const labProject = (name: string, groupOrder: number, globalSetup: readonly string[]) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    globalSetup: [...globalSetup],
    testTimeout: 600_000,
    hookTimeout: 600_000,
    fileParallelism: false,
    sequence: { groupOrder },
  },
});

export default defineConfig({
  test: {
    reporters: reports ? ['default', ['json', { outputFile: join(reports, `${Date.now()}.json`) }]] : ['default'],
    sequence: { sequencer: ByName },
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts', 'test/operations/**/*.test.ts'] } },
      {
        test: {
          name: 'contract',
          include: ['test/contract/**/*.test.ts'],
          testTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
      labProject('lab-core', 2, ['test/lab/shared-lab.ts']),
      labProject('lab-full', 3, ['test/lab/check-machine.ts']),
    ],
  },
});
