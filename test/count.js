// Adds up the test runner's JSON reports and names what failed, with its message: `N passed, N failed, N skipped` is the last line; a run without any passed test has failed.
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
const named = (name, messages) =>
  console.log(`failed: ${name}\n${messages.join('\n').replace(/^/gmu, '  ').slice(0, 4000)}`);
for (const file of brokenFiles) {
  named(file.name, [file.message]);
}
for (const test of tests.filter((one) => one.status === 'failed')) {
  named(test.fullName, test.failureMessages);
}
for (const test of tests.filter((one) => ['skipped', 'pending', 'todo'].includes(one.status))) {
  console.log(`skipped: ${test.fullName}`);
}
const passed = count('passed');
const failed = count('failed') + brokenFiles.length;
console.log(`${passed} passed, ${failed} failed, ${count('skipped', 'pending', 'todo')} skipped`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
