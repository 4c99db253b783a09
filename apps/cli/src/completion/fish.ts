// The completion script for fish, from the command tree.
import type { Node, Word } from './tree.ts';

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

const offer = (word: Word): string => {
  if (word === undefined) return '';
  return 'kind' in word ? ` -a ${quoted(`(__nixfleet_ask ${word.kind})`)}` : ` -a ${quoted(word.choices.join(' '))}`;
};

/** True at this path; with a position only there, `+` meaning there and after. */
const condition = (path: string, position?: string): string =>
  `-n ${quoted(`__nixfleet_at '${path}'${position === undefined ? '' : ` ${position}`}`)}`;

const flagLines = (node: Node): string[] =>
  node.flags.map((flag) => {
    const names = flag.names.map((n) => (n.startsWith('--') ? `-l ${n.slice(2)}` : `-s ${n.slice(1)}`)).join(' ');
    const value = flag.takesValue ? ` -x${offer(flag.word)}` : '';
    return `complete -c nixfleet ${condition(node.path)} ${names}${value} -d ${quoted(flag.description)}`;
  });

const wordLines = (node: Node): string[] => [
  ...node.children.map(
    (c) => `complete -c nixfleet ${condition(node.path, '0')} -a ${quoted(c.name)} -d ${quoted(c.description)}`,
  ),
  ...node.args.flatMap((word, i) => {
    const repeated = node.variadic && i === node.args.length - 1;
    return word === undefined
      ? []
      : [`complete -c nixfleet ${condition(node.path, repeated ? `${i}+` : String(i))}${offer(word)}`];
  }),
];

export function fishScript(nodes: readonly Node[]): string {
  const valued = nodes.flatMap((n) =>
    n.flags.filter((f) => f.takesValue).flatMap((f) => f.names.map((name) => `${n.path}:${name}`)),
  );
  return `# fish completion for nixfleet. To use it now: nixfleet completion fish | source
function __nixfleet_ask
    set -l words (commandline -opc)
    $words[1] __complete $argv[1] 2>/dev/null
end

function __nixfleet_at
    set -l words (commandline -opc)
    set -l at nixfleet
    set -l count 0
    set -l skip 0
    for word in $words[2..]
        if test $skip = 1
            set skip 0
        else if test $count = 0; and contains -- "$at $word" ${nodes
          .slice(1)
          .map((n) => quoted(n.path))
          .join(' ')}
            set at "$at $word"
        else if contains -- "$at:$word" ${valued.map(quoted).join(' ')}
            set skip 1
        else if not string match -q -- '-*' $word
            set count (math $count + 1)
        end
    end
    test "$at" = "$argv[1]"; or return 1
    test (count $argv) -lt 2; and return 0
    if string match -q -- '*+' $argv[2]
        test $count -ge (string trim -r -c + -- $argv[2])
    else
        test $count -eq $argv[2]
    end
end

complete -c nixfleet -f
${nodes.flatMap((n) => [...wordLines(n), ...flagLines(n)]).join('\n')}
`;
}
