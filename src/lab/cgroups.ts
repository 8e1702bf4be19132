import { must } from './execute.ts';

/** Kills all processes in the cgroups of this name, in whatever hierarchy, and removes them and what they were alone in. */
export async function clearCgroups(name: string): Promise<void> {
  const script = `exec 2>/dev/null
    find /sys/fs/cgroup -type d -path "*/$0" -prune | while read -r group; do
      for _ in $(seq 50); do
        for process in $(find "$group" -name cgroup.procs -exec cat {} +); do kill -KILL "$process"; done
        find "$group" -depth -type d -exec rmdir {} \\;
        [ -d "$group" ] || break
        sleep 0.1
      done
      case $0 in */*) rmdir "\${group%/*}" ;; esac
    done
    true`;
  await must('sh', ['-c', script, name]);
}
