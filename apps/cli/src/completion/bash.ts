// The completion script for bash, from the command tree. What the control plane says is compared as text and never given
// to `compgen -W`, which would expand it.
import type { Node, Word } from './tree.ts';

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

const offer = (word: Word): string => {
  if (word === undefined) return ':';
  return 'kind' in word ? `_nixfleet_ask ${word.kind}` : `_nixfleet_choose ${quoted(word.choices.join(' '))}`;
};

const arms = (list: readonly [string, string][]): string =>
  list.map(([pattern, action]) => `    ${pattern}) ${action} ;;`).join('\n');

export function bashScript(nodes: readonly Node[]): string {
  const valued = nodes.flatMap((n) => n.flags.filter((f) => f.takesValue).map((f) => [n, f] as const));
  const patterns = (n: Node, names: readonly string[]): string =>
    names.map((name) => quoted(`${n.path}:${name}`)).join('|');
  return `# bash completion for nixfleet. To use it now: source <(nixfleet completion bash)
_nixfleet_choose() {
  COMPREPLY+=($(compgen -W "$1" -- "$cur"))
}

_nixfleet_ask() {
  local found
  while IFS=$'\\t' read -r found _; do
    [[ $found == "$cur"* ]] && COMPREPLY+=("$found")
  done < <("\${COMP_WORDS[0]}" __complete "$1" 2>/dev/null)
}

_nixfleet() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]}
  local at=nixfleet count=0 i word
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
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
  [valued.map(([n, f]) => patterns(n, f.names)).join('|'), '((i++))'],
  ['*:-*', ':'],
  ['*', '((count++))'],
])}
    esac
  done
  case "$at:$prev" in
${arms(valued.map(([n, f]) => [patterns(n, f.names), `${offer(f.word)}; return`]))}
  esac
  if [[ $cur == -* ]]; then
    case "$at" in
${arms(nodes.map((n) => [quoted(n.path), offer({ choices: n.flags.flatMap((f) => f.names) })]))}
    esac
    return
  fi
  case "$at:$count" in
${arms(
  nodes.flatMap((n): [string, string][] => [
    ...(n.children.length > 0
      ? [[quoted(`${n.path}:0`), offer({ choices: n.children.map((c) => c.name) })] as [string, string]]
      : []),
    ...n.args.map((word, i): [string, string] => [
      n.variadic && i === n.args.length - 1 ? `${quoted(`${n.path}:`)}*` : quoted(`${n.path}:${i}`),
      offer(word),
    ]),
  ]),
)}
  esac
}

complete -F _nixfleet nixfleet
`;
}
