import type { ProvisionError } from '../errors.ts';
import type { Location } from '../location.ts';
import type { Locate } from './check.ts';
import type { Connection } from './connection.ts';
import type { SecretReference } from './secret.ts';
import type { Settings } from './settings.ts';

/** A secret of a host that was not read yet. */
export interface SealedSecret {
  /** The variable it is the value of. */
  readonly variable: string;
  readonly reference: SecretReference;
  readonly location: Location;
}

export interface Host {
  readonly name: string;
  /** The groups it is in, directly or through a child, `all` first. */
  readonly groups: readonly string[];
  readonly connection: Connection;
  readonly nodeName?: string;
  /** Those of the cluster merged with those of its groups and its own. */
  readonly settings: Settings;
  /** Variables that are no settings; playbooks and templates may read them. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** What `openSecrets` has to read. */
  readonly sealed: readonly SealedSecret[];
  /** Why secrets of it could not be read. */
  readonly unread: readonly ProvisionError[];
  readonly location: Location;
  /** Where one of its settings is written. */
  readonly locate: Locate;
}

export interface Inventory {
  readonly file: string;
  readonly hosts: readonly Host[];
  /** Host names of each group, those of its children included; `all` is one of them. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
  /** The settings of `all`: those of the cluster as a whole. */
  readonly settings: Settings;
  readonly warnings: readonly string[];
  /** Where a setting of `all` is written. */
  readonly locate: Locate;
}
