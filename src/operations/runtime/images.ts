import { z } from 'zod';
import { fullImageName } from '../../kubernetes/images/image-name.ts';
import { joinScripts, ShellScript, sh } from '../../shell.ts';
import { readLines, sha256 } from '../fields.ts';
import { defineOperation } from '../operation.ts';

const schema = z.strictObject({
  runtime: z.enum(['containerd', 'docker']).describe('what they are loaded into'),
  images: z
    .array(
      z.strictObject({
        path: z.string().min(1).describe('an archive of images on the machine provision runs on'),
        sha256: sha256.describe('its SHA-256'),
        names: z.array(z.string().min(1)).min(1).describe('the images in it that have to be there'),
      }),
    )
    .describe('archives, each loaded where one of its images is missing'),
});

type Desired = z.output<typeof schema>;
type Archive = Desired['images'][number];

interface Actual {
  /** Why nothing can be said: the runtime does not answer. */
  readonly unknown: string;
  /** Names of the wish that the runtime has. */
  readonly there: readonly string[];
}

const cachePath = ({ sha256: digest }: Archive): string => `/var/lib/provision/cache/${digest}`;

/** Docker understands every name, containerd that in full alone. */
const asStored = (name: string, { runtime }: Desired): string => (runtime === 'docker' ? name : fullImageName(name));

const namesOf = (desired: Desired): readonly string[] => [
  ...new Set(desired.images.flatMap(({ names }) => names).map((name) => asStored(name, desired))),
];

const missingOf = (archive: Archive, actual: Actual, desired: Desired): readonly string[] =>
  archive.names.map((name) => asStored(name, desired)).filter((name) => !actual.there.includes(name));

const dueOf = (actual: Actual, desired: Desired): readonly Archive[] =>
  desired.images.filter((archive) => missingOf(archive, actual, desired).length > 0);

const functions = ShellScript.trusted(`
PATH=$PATH:/usr/local/bin
# see_images RUNTIME NAME...
see_images() {
  runtime=$1; shift
  case $runtime in
    containerd) command -v ctr ;;
    docker) command -v docker ;;
  esac >/dev/null || return 0 # a host without a runtime has no images
  case $runtime in
    containerd) listed=$(timeout 20 ctr --connect-timeout 10s -n k8s.io images ls -q 2>&1) ;;
    docker) listed=$(timeout 20 docker version --format x 2>&1) ;;
  esac || { echo "unknown $(printf '%s' "$listed" | tail -n 1)"; return 0; }
  for name; do
    case $runtime in
      containerd) printf '%s\\n' "$listed" | grep -qxF -e "$name" ;;
      docker) docker image inspect --format x "$name" >/dev/null 2>&1 ;;
    esac && echo "image $name"
  done
  return 0
}

# load_images RUNTIME ARCHIVE NAME...: an archive without them is refused, although what it has is loaded by then.
load_images() {
  runtime=$1 archive=$2; shift 2
  case $runtime in
    containerd) said=$(ctr -n k8s.io images import "$archive" 2>&1) ;;
    docker) said=$(docker load -i "$archive" 2>&1) ;;
  esac || fail IMAGES_UNREADABLE "$runtime cannot load the archive of images: $(printf '%s' "$said" | tail -n 1)" \\
    'make it with docker save or ctr images export, for the processor of this host, and correct its sha256'
  there=$(see_images "$runtime" "$@" | sed -n 's/^image //p')
  for name; do
    printf '%s\\n' "$there" | grep -qxF -e "$name" ||
      fail IMAGES_LACK "the archive of images has no $name" "correct names; this is what was loaded: $(printf '%s' "$said" | tr '\\n' ' ')"
  done
}

# drop_image RUNTIME NAME: its name; what containers still run stays until they have ended.
drop_image() {
  case $1 in
    containerd) ctr -n k8s.io images rm "$2" ;;
    docker) docker image rm -f "$2" ;;
  esac >/dev/null 2>&1 || warn "the image $2 could not be removed"
}
`);

/** Images in the runtime of a node, loaded from archives where they are missing. */
export const images = defineOperation({
  name: 'images',
  summary: "images in the node's runtime, loaded from archives where they are missing",
  schema,
  timeoutSeconds: 180,
  probe: (desired) =>
    desired.images.length === 0
      ? sh`:`
      : joinScripts([functions, sh`see_images ${desired.runtime} ${namesOf(desired)}`]),
  parse(output): Actual {
    const lines = readLines(output);
    const valuesOf = (key: string) => lines.filter(([name]) => name === key).map(([, value]) => value);
    return { unknown: valuesOf('unknown')[0] ?? '', there: valuesOf('image') };
  },
  diff: (actual, desired) =>
    dueOf(actual, desired).flatMap((archive) =>
      missingOf(archive, actual, desired).map((name) => ({
        subject: `image ${name}`,
        action:
          actual.unknown === '' ? `load it from ${archive.path}` : `load it from ${archive.path}, unless it is there`,
      })),
    ),
  warnings: ({ unknown }, { runtime }) =>
    unknown === '' ? [] : [`it is not known which images are there: ${runtime} does not answer (${unknown})`],
  apply: (desired, actual) =>
    joinScripts([
      functions,
      ...dueOf(actual, desired).map(
        (archive) => sh`load_images ${desired.runtime} ${cachePath(archive)} ${missingOf(archive, actual, desired)}`,
      ),
    ]),
  /** Where nothing was known of them before, they stay: they may have been there. */
  undo: (actual, desired) =>
    actual.unknown === ''
      ? joinScripts([
          functions,
          ...namesOf(desired)
            .filter((name) => !actual.there.includes(name))
            .map((name) => sh`drop_image ${desired.runtime} ${name}`),
        ])
      : sh`:`,
  artifacts: (desired, actual) => dueOf(actual, desired).map(({ path, sha256: digest }) => ({ path, sha256: digest })),
});
