import semver from 'semver';

/** The version in texts such as `Kubernetes v1.20.2`, `v1.28.3+k3s1`, `containerd … 1.6.20~ds1 …`; undefined where there is none. */
export const parseVersion = (text: string): string | undefined =>
  /\bv?(\d+\.\d+\.\d+(?:-(?:alpha|beta|rc)\.?\d*)?)/.exec(text)?.[1];

/** Compares by minor release and patch; a pre-release counts as its release. */
export function atLeast(version: string, least: string): boolean {
  const [one, other] = [semver.coerce(version), semver.coerce(least)];
  return one !== null && other !== null && semver.gte(one, other);
}

/** 20 for `1.20` and `1.20.2`; undefined for what is no Kubernetes 1. */
export function minorOf(version: string): number | undefined {
  const minor = /^1\.(\d+)/.exec(version)?.[1];
  return minor === undefined ? undefined : Number(minor);
}
