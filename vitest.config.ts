import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const reports = process.env['PROVISION_TEST_REPORTS'];

const labProject = (name: string, groupOrder: number) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: 600_000,
    hookTimeout: 2_400_000,
    fileParallelism: false,
    sequence: { groupOrder },
  },
});

export default defineConfig({
  test: {
    reporters: reports ? ['default', ['json', { outputFile: join(reports, `${Date.now()}.json`) }]] : ['default'],
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
      labProject('lab-core', 2),
      labProject('lab-full', 3),
    ],
  },
});
