import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createContext, runInContext, Script } from 'node:vm';
import { transform } from 'esbuild';
import type { Edit } from './rule.ts';

/**
 * Models with a rule switched off: a player and what it imports, with one module edited in memory, linked anew in a
 * context of its own. Only the edited module is compiled again, so that a model takes milliseconds.
 */

/** Longer than any recording takes by far: what does not end without a rule has noticed it, too. */
const MILLISECONDS = 10_000;
const PLAYER = 'test/mutants/player.ts';

export interface Player {
  /** The first difference between the model and a recording, or null. */
  play(recording: string): string | null;
}

/** The source of a rule's module without the rule. Throws where the text to replace is not there exactly once. */
export function withoutRule(rule: Edit): string {
  const { text, start } = placeOf(rule);
  return text.slice(0, start) + rule.replace + text.slice(start + rule.find.length);
}

/** A rule's module, and where in it the text to replace begins. */
export function placeOf({ rule, file, within, find }: Edit): { readonly text: string; readonly start: number } {
  const text = readFileSync(file, 'utf8');
  const [from, to] = within === undefined ? [0, text.length] : extentOf(text, within);
  const count = text.slice(from, to).split(find).length - 1;
  if (count !== 1) {
    const where = within === undefined ? file : `${within} of ${file}`;
    throw new Error(`the row "${rule}" is stale: ${where} has ${count} times ${JSON.stringify(find)}`);
  }
  return { text, start: text.indexOf(find, from) };
}

/**
 * From where a function of a module, or an entry of one of its tables, begins to where the next line begins as far left with
 * something else than a bracket.
 */
function extentOf(text: string, name: string): readonly [number, number] {
  const head = new RegExp(`^((export )?(function\\*?|const) ${name}\\b|  '?${name}'?: )`, 'm').exec(text);
  if (head === null) return [0, 0];
  const next = head[0].startsWith(' ') ? /\n(?= {0,2}[^\s)}\]])/g : /\n(?=[^\s)}\]])/g;
  next.lastIndex = head.index;
  return [head.index, next.exec(text)?.index ?? text.length];
}

// ---- modules ------------------------------------------------------------------------------------------------------

/** A compiled module, which makes its exports anew for each model, and the modules it imports. */
interface Module {
  readonly script: Script;
  readonly imports: readonly string[];
}

async function compiled(path: string, source: string): Promise<Module> {
  const { code } = await transform(source, { loader: 'ts', format: 'cjs', target: 'es2023' });
  const imports = [...code.matchAll(/\brequire\("(\.[^"]+)"\)/g)].map((match) => join(dirname(path), match[1] ?? ''));
  return { script: new Script(`(module, require) => {${code}\n}`, { filename: path }), imports };
}

const WHOLE = new Map<string, Promise<ReadonlyMap<string, Module>>>();

/** A player and everything of the project that it imports, by path. */
async function allModules(entry: string): Promise<ReadonlyMap<string, Module>> {
  const modules = new Map<string, Module>();
  const open = [entry];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (modules.has(path)) continue;
    const module = await compiled(path, readFileSync(path, 'utf8'));
    modules.set(path, module);
    open.push(...module.imports);
  }
  return modules;
}

const nodes = createRequire(import.meta.url);

/** The exports of the entry, with every module run once. */
function linked(entry: string, modules: ReadonlyMap<string, Module>, context: object): unknown {
  const running = new Map<string, { exports: unknown }>();
  const load = (path: string): unknown => {
    const known = running.get(path);
    if (known !== undefined) return known.exports;
    const compiledModule = modules.get(path);
    if (compiledModule === undefined) throw new Error(`${path} was not compiled`);
    const module = { exports: {} };
    running.set(path, module);
    const run: unknown = compiledModule.script.runInContext(context);
    if (typeof run === 'function')
      run(module, (name: string) => (name.startsWith('.') ? load(join(dirname(path), name)) : nodes(name)));
    return module.exports;
  };
  return load(entry);
}

/** The model without a rule, or the whole model, as a player knows it. */
export async function playerWithout(rule: Edit | null, entry = PLAYER): Promise<Player> {
  const whole = WHOLE.get(entry) ?? allModules(entry);
  WHOLE.set(entry, whole);
  const modules = new Map(await whole);
  if (rule !== null) {
    if (!modules.has(rule.file)) throw new Error(`no recording plays ${rule.file}`);
    modules.set(rule.file, await compiled(rule.file, withoutRule(rule)));
  }
  const context = createContext({ Buffer, TextDecoder });
  context['player'] = linked(entry, modules, context);
  return {
    play(recording) {
      context['recording'] = recording;
      try {
        const why: unknown = runInContext('player.play(recording)', context, { timeout: MILLISECONDS });
        return typeof why === 'string' ? why : null;
      } catch (error) {
        return `throws ${String(error)}`;
      }
    },
  };
}
