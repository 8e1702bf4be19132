import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Handlebars from 'handlebars';
import { ProvisionErrors } from '../errors.ts';
import type { Location } from '../location.ts';
import { mistake } from './check.ts';
import { lookUp, type Scope, Unknown } from './expression.ts';

/** A variable that a template reads from its scope. */
interface TemplateVariable {
  readonly path: readonly string[];
  readonly location: Location;
  /** False inside a block, which may be there to ask whether it is set. */
  readonly isRequired: boolean;
}

/** The templates of one folder, each parsed once. */
export interface Templates {
  readonly names: readonly string[];
  has(name: string): boolean;
  variables(name: string): readonly TemplateVariable[];
  /** The text, or the Unknown that it depends on. Throws CONFIG_INVALID for what the scope does not hold. */
  render(name: string, scope: Scope): string | Unknown;
}

interface Compiled {
  readonly file: string;
  readonly lines: readonly string[];
  readonly variables: readonly TemplateVariable[];
  readonly fill: Handlebars.TemplateDelegate;
}

export function openTemplates(folder: string): Templates {
  const compiled = new Map<string, Compiled>();
  const names = existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith('.hbs'))
        .sort()
    : [];
  const get = (name: string): Compiled => {
    const known = compiled.get(name) ?? compile(join(folder, name));
    compiled.set(name, known);
    return known;
  };
  return {
    names,
    has: (name) => names.includes(name),
    variables: (name) => get(name).variables,
    render: (name, scope) => render(get(name), scope),
  };
}

function compile(file: string): Compiled {
  const text = readFileSync(file, 'utf8');
  const lines = text.split('\n');
  try {
    const ast = Handlebars.parse(text);
    const variables = findVariables(ast, (line, column) => placeOf(file, lines, line, column));
    return { file, lines, variables, fill: Handlebars.compile(ast, { strict: true, noEscape: true }) };
  } catch (cause) {
    const what = cause instanceof Error ? (cause.message.split('\n').at(-1) ?? cause.message) : String(cause);
    const line = cause instanceof Error ? Number(/line (\d+)/.exec(cause.message)?.[1] ?? 1) : 1;
    throw new ProvisionErrors([
      mistake(
        `Not a valid template: ${what}`,
        placeOf(file, lines, line, 0),
        'Correct it there; handlebarsjs.com describes the language.',
      ),
    ]);
  }
}

function render({ file, lines, variables, fill }: Compiled, scope: Scope): string | Unknown {
  const values = variables.map((variable) => ({ ...variable, value: lookUp(scope, variable.path) }));
  const unknown = values.find(({ value }) => value instanceof Unknown)?.value;
  if (unknown instanceof Unknown) return unknown;
  const unset = values.filter(({ value, isRequired }) => isRequired && (value === undefined || value === null));
  if (unset.length > 0)
    throw new ProvisionErrors(
      unset.map(({ path, location }) =>
        mistake(
          `"${path.join('.')}" is not set`,
          location,
          'Set it in the inventory, or ask in the template whether it is there: {{#if …}}.',
        ),
      ),
    );
  try {
    return fill(scope);
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    const { lineNumber = 1, column = 0 } = cause as Error & { lineNumber?: number; column?: number };
    const what = `The template cannot be filled: ${cause.message.replace(/ - \d+:\d+$/, '')}`;
    throw new ProvisionErrors([mistake(what, placeOf(file, lines, lineNumber, column), 'Correct the template there.')]);
  }
}

const placeOf = (file: string, lines: readonly string[], line: number, column: number): Location => ({
  file,
  line,
  column: column + 1,
  text: lines[line - 1] ?? '',
});

/** What stands in the scope itself; names inside `each` and `with` belong to their items, unless they start from `@root`. */
function findVariables(
  program: hbs.AST.Program,
  at: (line: number, column: number) => Location,
): readonly TemplateVariable[] {
  const found: TemplateVariable[] = [];
  let inItems = 0;
  let inBlocks = 0;
  class Finder extends Handlebars.Visitor {
    override BlockStatement(block: hbs.AST.BlockStatement): void {
      const name = (block.path as hbs.AST.PathExpression).original;
      const isHelper = Object.hasOwn(Handlebars.helpers, name);
      const changesScope = name === 'each' || name === 'with' || !isHelper;
      inBlocks += 1;
      if (!isHelper) this.accept(block.path);
      for (const parameter of block.params) this.accept(parameter);
      if (changesScope) inItems += 1;
      if (block.program) this.accept(block.program);
      if (changesScope) inItems -= 1;
      if (block.inverse) this.accept(block.inverse);
      inBlocks -= 1;
    }

    override PathExpression(path: hbs.AST.PathExpression): void {
      const parts = path.parts.map(String);
      const isRoot = path.data && parts[0] === 'root';
      const isOfItem = !isRoot && path.depth !== inItems;
      if ((path.data && !isRoot) || isOfItem) return;
      const names = isRoot ? parts.slice(1) : parts;
      const isHelper = names.length === 1 && Object.hasOwn(Handlebars.helpers, names[0] ?? '');
      if (names.length > 0 && !isHelper)
        found.push({
          path: names,
          location: at(path.loc.start.line, path.loc.start.column),
          isRequired: inBlocks === 0,
        });
    }
  }
  new Finder().accept(program);
  return found;
}
