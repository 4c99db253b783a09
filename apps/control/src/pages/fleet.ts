// The fleet: is everything right, and if not, what to open. Trouble carries colour, the rest stays quiet.
import { testsOfRunning } from '@nixfleet/contract/facts.ts';
import type { Host } from '@nixfleet/contract/hosts.ts';
import { ago } from '@nixfleet/contract/measures.ts';
import type { Target } from '@nixfleet/contract/targets.ts';
import { type Html, html } from './html.ts';
import { shortCommit, statusOfHost, systemName } from './words.ts';

export function fleetBody(
  hosts: readonly Host[],
  targets: readonly Target[],
  more: string | undefined,
  now: number,
): Html {
  if (hosts.length === 0) return empty(targets);
  return html`<h1>Fleet</h1>
    ${strip(hosts, targets, now)}
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Host</th>
            <th scope="col">Status</th>
            <th scope="col">Config</th>
            <th scope="col">Tests</th>
            <th scope="col">CPU, RAM</th>
            <th scope="col">Location</th>
            <th scope="col">Criticality</th>
            <th scope="col">Seen</th>
          </tr>
        </thead>
        <tbody>
          ${hosts.map((h) => row(h, now))}
        </tbody>
      </table>
    </div>
    ${more && html`<p class="more"><a href="/?after=${encodeURIComponent(more)}">Next hosts</a></p>`}`;
}

const count = (n: number, of: string, word: string, tone: string): Html =>
  html`<div class="cell">
    <span class="label">${word}</span
    ><span class="number ${n > 0 ? tone : ''}">${n}</span>${of && html`<span class="of">${of}</span>`}
  </div>`;

function strip(hosts: readonly Host[], targets: readonly Target[], now: number): Html {
  const online = hosts.filter((h) => h.state === 'online').length;
  const outdated = hosts.filter((h) => h.convergence.status === 'outdated').length;
  const failing = hosts.filter((h) => (testsOfRunning(h.facts)?.failed.length ?? 0) > 0).length;
  const active = hosts.filter((h) => h.run !== null).length;
  return html`<section class="strip" aria-label="Summary">
    ${count(online, ` / ${hosts.length}`, 'Online', '')} ${count(outdated, '', 'Outdated', 'warn')}
    ${count(failing, '', 'Failing tests', 'bad')} ${count(active, '', 'Active runs', 'run')}
    ${targets.map(
      (t) =>
        html`<div class="cell wide">
          <span class="label"
            >Target ${t.name},
            ${t.branch}${t.head?.signature === 'signed' && html` · <span class="ok">signed by ${t.head.signer}</span>`}</span
          >
          ${
            t.head
              ? html`<span class="subject"><code>${shortCommit(t.head.commit)}</code> ${t.head.subject}</span
                  ><span class="of"
                    >${t.head.author}, ${when(t.head.at, now)} ·
                    ${hosts.filter((h) => h.targetId === t.id && h.convergence.status === 'current').length} of
                    ${t.hosts} hosts on target</span
                  >`
              : html`<span class="of">not fetched yet</span>`
          }
          ${t.error && html`<span class="bad">The last fetch failed: ${t.error}</span>`}
        </div>`,
    )}
  </section>`;
}

export const when = (at: number, now: number): Html =>
  html`<time datetime="${new Date(at).toISOString()}" title="${new Date(at).toISOString()}">${ago(at, now)}</time>`;

function row(h: Host, now: number): Html {
  const status = statusOfHost(h, now);
  const run = h.run ?? h.lastRun;
  const metrics = h.facts.metrics?.value;
  const tests = testsOfRunning(h.facts);
  return html`<tr>
    <th scope="row">
      <span class="dot ${h.state}"
        ><svg viewBox="0 0 10 10" aria-hidden="true">
          <circle
            cx="5"
            cy="5"
            r="4"
            fill="${h.state === 'online' ? h.themeColor : 'none'}"
            stroke="${h.themeColor}"
          /></svg></span
      ><a href="/hosts/${h.name}">${h.name}</a><span class="second">${systemName(h)}</span>
    </th>
    <td class="${status.tone}">
      <span class="sign" aria-hidden="true">${status.sign}</span
      >${run ? html`<a class="state" href="/runs/${run.id}">${status.word}</a>` : html`<span class="state">${status.word}</span>`}<span
        class="second"
        >${status.remark}</span
      >
    </td>
    <td>${config(h)}</td>
    <td>
      ${tests ? html`<span class="${tests.failed.length > 0 ? 'bad' : ''}">${tests.passed}/${tests.total}</span>` : html`<span class="none">–</span>`}
    </td>
    <td>
      ${metrics ? html`<span class="${metrics.cpu >= 85 ? 'warn' : ''}">${Math.round(metrics.cpu)} %</span><span class="second ${metrics.ram >= 85 ? 'warn' : ''}">${Math.round(metrics.ram)} %</span>` : html`<span class="none">–</span>`}
    </td>
    <td>${h.location}</td>
    <td>${h.criticality}</td>
    <td>${h.lastSeenAt === null ? html`<span class="none">never</span>` : when(h.lastSeenAt, now)}</td>
  </tr>`;
}

export function config({ convergence: c }: Host): Html {
  const commit = c.runningCommit && html`<code>${shortCommit(c.runningCommit)}</code> `;
  const words = {
    current: ['ok', '✓ current'],
    outdated: ['warn', '↓ outdated'],
    unknown: ['none', 'unknown'],
  } as const;
  const [tone, word] = words[c.status];
  return html`${commit}<span class="${tone}" title="${c.reason}">${word}</span>`;
}

const empty = (targets: readonly Target[]): Html =>
  html`<section class="empty">
    <h1>No hosts yet</h1>
    <p>
      Start an agent with this control plane’s address and the bootstrap token, and it shows here at its first contact.
    </p>
    <pre>nixfleet-agent --config /etc/nixfleet/agent.toml</pre>
    ${targets.length === 0 && html`<p>There is no target either: <code>nixfleet target add NAME URL</code> names the repository that hosts deploy.</p>`}
  </section>`;
