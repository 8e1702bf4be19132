/** The host that a name of an image begins with, as Docker tells one from a folder; undefined where it names none. */
const hostOf = (name: string): string | undefined => {
  const [first = '', ...rest] = name.split('/');
  return rest.length > 0 && (/[.:]/.test(first) || first === 'localhost') ? first : undefined;
};

/** The name in full, as the kubelet asks containerd for it: busybox:1.36 is docker.io/library/busybox:1.36. */
export function fullImageName(name: string): string {
  if (hostOf(name) !== undefined) return name;
  return name.includes('/') ? `docker.io/${name}` : `docker.io/library/${name}`;
}

/** The same image at another registry: under its path, without the host of before. */
export function atRegistry(name: string, registry: string | undefined): string {
  if (registry === undefined) return name;
  const full = fullImageName(name);
  return `${registry}/${full.slice(full.indexOf('/') + 1)}`;
}
