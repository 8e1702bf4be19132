import { type ShellScript, sh } from '../shell.ts';
import { digest } from './files/managed-file.ts';

/** A whole look that several tasks of a trip take: it is done once and told to each; where it fails, so does what asks. */
export const sharedLook = (look: ShellScript): ShellScript => sh`shared_look() {
${look}
}
once ${`look-${digest(look.source).slice(0, 16)}`} shared_look || exit`;
