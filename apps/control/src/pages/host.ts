// One host: what it is doing, what it runs, its generations and its runs.
import type { Host } from '@nixfleet/contract/hosts.ts';
import type { Run } from '@nixfleet/contract/runs.ts';
import { config, when } from './fleet.ts';
import { type Html, html } from './html.ts';
import { shortCommit, statusOfHost, statusOfRun, systemName } from './words.ts';

const fact = (name: string, value: Html | string | null | undefined): Html =>
  html`<div>
    <dt>${name}</dt>
    <dd>${value ?? html`<span class="none">–</span>`}</dd>
  </div>`;

const path = (p: string | null | undefined): Html | null => (p ? html`<code class="path">${p}</code>` : null);

export function hostBody(h: Host, runs: readonly Run[], now: number): Html {
  const status = statusOfHost(h, now);
  const system = h.facts.system;
  return html`<p class="crumb"><a href="/">Fleet</a></p>
    <h1>${h.name}</h1>
    <p class="lead ${status.tone}">
      <span class="sign" aria-hidden="true">${status.sign}</span><span class="state">${status.word}</span>
      <span class="second inline">${status.remark}</span>
    </p>
    ${h.comment && html`<p>${h.comment}</p>`}
    <section class="panel">
      <h2>System</h2>
      <dl>
        ${fact('Kind', `${h.platform}, ${systemName(h)}`)}
        ${fact('Config', html`${config(h)} <span class="second inline">${h.convergence.reason}</span>`)}
        ${fact('Runs', path(system?.value.running))} ${fact('Booted', path(system?.value.booted))}
        ${fact('Generation', system?.value.generation === null || system === undefined ? null : String(system.value.generation))}
        ${fact('Kernel', system?.value.kernel)} ${fact('Observed', system ? when(system.observedAt, now) : null)}
        ${fact('Agent', `${h.agentVersion ?? 'unknown'}${h.protocol === null ? '' : `, protocol ${h.protocol}`}`)}
        ${fact('Attribute', h.attribute === null ? null : html`<code class="path">${h.attribute}</code>`)}
      </dl>
    </section>
    <section class="panel">
      <h2>Runs</h2>
      ${
        runs.length === 0
          ? html`<p class="none">Nothing was run here yet. Next: <code>nixfleet run plan ${h.name} --watch</code></p>`
          : html`<ul class="list">
              ${runs.map((r) => runLine(r, now))}
            </ul>`
      }
    </section>
    <section class="panel">
      <h2>Generations</h2>
      ${
        (system?.value.generations.length ?? 0) === 0
          ? html`<p class="none">None known</p>`
          : html`<ul class="list">
              ${system?.value.generations
                .toSorted((a, b) => b.number - a.number)
                .slice(0, 10)
                .map(
                  (g) =>
                    html`<li>
                      <span class="state">${g.number}</span>${g.current && html` <span class="ok">current</span>`}
                      ${g.commit && html`<code>${shortCommit(g.commit)}</code> `}<span class="second"
                        >${when(g.at, now)} · <code class="path">${g.storePath}</code></span
                      >
                    </li>`,
                )}
            </ul>`
      }
    </section>`;
}

function runLine(r: Run, now: number): Html {
  const s = statusOfRun(r, now);
  return html`<li class="${s.tone}">
    <span class="sign" aria-hidden="true">${s.sign}</span
    ><a class="state" href="/runs/${r.id}">${s.word}</a>
    ${r.state !== 'succeeded' && r.verb}${r.target && html` <code>${shortCommit(r.target.commit)}</code>`}<span
      class="second"
      >${s.remark}${r.state !== 'succeeded' && html` · ${when(r.finishedAt ?? r.createdAt, now)}`} · by
      ${r.createdBy}</span
    >
  </li>`;
}
