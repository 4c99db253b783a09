// The completion script for zsh, from the command tree.
import type { Node, Word } from './tree.ts';

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
/** `name:description` of _describe: a colon inside a name would end it. */
const described = (name: string, description: string): string =>
  quoted(`${name.replaceAll(':', '\\:')}:${description}`);

const offer = (word: Word): string => {
  if (word === undefined) return ':';
  return 'kind' in word ? `_nixfleet_ask ${word.kind}` : `compadd -- ${word.choices.map(quoted).join(' ')}`;
};

const arms = (list: readonly [string, string][]): string =>
  list.map(([pattern, action]) => `    ${pattern}) ${action} ;;`).join('\n');

export function zshScript(nodes: readonly Node[]): string {
  const valued = nodes.flatMap((n) => n.flags.filter((f) => f.takesValue).map((f) => [n, f] as const));
  const patterns = (n: Node, names: readonly string[]): string =>
    names.map((name) => quoted(`${n.path}:${name}`)).join('|');
  return `#compdef nixfleet
# zsh completion for nixfleet. To use it now: source <(nixfleet completion zsh)
_nixfleet_ask() {
  local -a found
  local line
  for line in "\${(@f)$("\${words[1]}" __complete "$1" 2>/dev/null)}"; do
    [[ -n $line ]] && found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  _describe -V "$1" found
}

_nixfleet() {
  local at=nixfleet word prev=\${words[CURRENT-1]} cur=\${words[CURRENT]}
  local -i count=0 i
  local -a offers
  for ((i = 2; i < CURRENT; i++)); do
    word=\${words[i]}
    case "$count:$at $word" in
${arms([
  [
    nodes
      .slice(1)
      .map((n) => quoted(`0:${n.path}`))
      .join('|'),
    'at="$at $word"; continue',
  ],
])}
    esac
    case "$at:$word" in
${arms([
  [valued.map(([n, f]) => patterns(n, f.names)).join('|'), 'i+=1'],
  ['*:-*', ':'],
  ['*', 'count+=1'],
])}
    esac
  done
  case "$at:$prev" in
${arms(valued.map(([n, f]) => [patterns(n, f.names), `${offer(f.word)}; return`]))}
  esac
  if [[ $cur == -* ]]; then
    case "$at" in
${arms(
  nodes.map((n) => [
    quoted(n.path),
    `offers=(${n.flags.flatMap((f) => f.names.map((name) => described(name, f.description))).join(' ')})`,
  ]),
)}
    esac
    _describe option offers
    return
  fi
  case "$at:$count" in
${arms(
  nodes.flatMap((n): [string, string][] => [
    ...(n.children.length > 0
      ? [
          [
            quoted(`${n.path}:0`),
            `offers=(${n.children.map((c) => described(c.name, c.description)).join(' ')}); _describe command offers`,
          ] as [string, string],
        ]
      : []),
    ...n.args.map((word, i): [string, string] => [
      n.variadic && i === n.args.length - 1 ? `${quoted(`${n.path}:`)}*` : quoted(`${n.path}:${i}`),
      offer(word),
    ]),
  ]),
)}
  esac
}

compdef _nixfleet nixfleet
`;
}
