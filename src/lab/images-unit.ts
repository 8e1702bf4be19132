import type { RoleFiles } from './control-plane.ts';

/** Loads the images that the lab's nodes cannot pull into their runtime, once; `load` takes an archive as its last word. */
export function imagesUnit(runtime: 'containerd' | 'docker', load: string): RoleFiles {
  const done = `/var/lib/${runtime}/lab-images-loaded`;
  const content = `[Unit]
Description=Images that the lab's nodes cannot pull
After=${runtime}.service
Requires=${runtime}.service
ConditionPathExists=!${done}

[Service]
Type=oneshot
ExecStart=/bin/sh -c 'for image in /opt/k8s/images/*.tar; do ${load} "$image" || exit 1; done; touch ${done}'

[Install]
WantedBy=multi-user.target
`;
  return {
    files: [{ path: 'etc/systemd/system/lab-images.service', content }],
    units: new Map([
      [`${runtime}.service`, `/lib/systemd/system/${runtime}.service`],
      ['lab-images.service', '/etc/systemd/system/lab-images.service'],
    ]),
  };
}
