import { must } from './execute.ts';

/** Kills all processes in the cgroups of this name, in whatever hierarchy, and removes them and what they were alone in. */
export async function clearCgroups(name: string): Promise<void> {
  const script = `
    find /sys/fs/cgroup -type d -path "*/$0" -prune | while read -r group; do
      for _ in $(seq 50); do
        find "$group" -name cgroup.procs -exec cat {} + 2>/dev/null | xargs -r kill -KILL 2>/dev/null
        find "$group" -depth -type d -exec rmdir {} \\; 2>/dev/null
        [ -d "$group" ] || break
        sleep 0.1
      done
      case $0 in */*) rmdir "\${group%/*}" 2>/dev/null ;; esac
    done
    true`;
  await must('sh', ['-c', script, name]);
}
