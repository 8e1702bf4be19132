// Adds up the test runner's JSON reports: `N passed, N failed, N skipped`; a run without any passed test has failed.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2] ?? '';
const reports = existsSync(folder)
  ? readdirSync(folder).map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')))
  : [];
const tests = reports.flatMap((report) => report.testResults.flatMap((file) => file.assertionResults));
const brokenFiles = reports
  .flatMap((report) => report.testResults)
  .filter((file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'));
const count = (...statuses) => tests.filter((test) => statuses.includes(test.status)).length;
for (const test of tests.filter((one) => ['skipped', 'pending', 'todo'].includes(one.status))) {
  console.log(`skipped: ${test.fullName}`);
}
const passed = count('passed');
const failed = count('failed') + brokenFiles.length;
console.log(`${passed} passed, ${failed} failed, ${count('skipped', 'pending', 'todo')} skipped`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
