import type { RunEvent } from '../events.ts';
import { fileName, formatMegabytes } from './words.ts';

interface Upload {
  readonly startedAtMs: number;
  readonly startedAtBytes: number;
}

/** Turns the progress of uploads into `cni.tgz  12.4 of 20.6 MB  60 %  8.1 MB/s`; the rate is that since the first news. */
export function createUploadMeter(nowMs: () => number) {
  const uploads = new Map<string, Upload>();
  return ({ artifact, sentBytes, totalBytes }: RunEvent & { readonly type: 'upload-progress' }): string => {
    const now = nowMs();
    const upload = uploads.get(artifact) ?? { startedAtMs: now, startedAtBytes: sentBytes };
    uploads.set(artifact, upload);
    const seconds = (now - upload.startedAtMs) / 1000;
    const percent = totalBytes === 0 ? 100 : Math.floor((100 * sentBytes) / totalBytes);
    return [
      fileName(artifact),
      `${formatMegabytes(sentBytes)} of ${formatMegabytes(totalBytes)} MB`,
      `${percent} %`,
      ...(seconds > 0 ? [`${formatMegabytes((sentBytes - upload.startedAtBytes) / seconds)} MB/s`] : []),
    ].join('  ');
  };
}
