// One run: where it is, how each phase went, how it ended and why, and what its programs wrote.
import { duration } from '@nixfleet/contract/measures.ts';
import type { Run, RunPhase } from '@nixfleet/contract/runs.ts';
import { isOutcome, outcomeSentence, phaseWords } from '@nixfleet/contract/words.ts';
import { when } from './fleet.ts';
import { type Html, html } from './html.ts';
import { shortCommit, statusOfRun } from './words.ts';

const signs: Record<RunPhase['status'], string> = { todo: '·', now: '▸', done: '✓', failed: '✗', skipped: '–' };
const tones: Record<RunPhase['status'], string> = {
  todo: 'none',
  now: 'run',
  done: 'ok',
  failed: 'bad',
  skipped: 'none',
};

const phase = (p: RunPhase, now: number): Html =>
  html`<li class="${tones[p.status]}" ${p.status === 'now' ? html`aria-current="step"` : ''}>
    <span class="sign" aria-hidden="true">${signs[p.status]}</span
    ><span class="state">${phaseWords[p.phase].name}</span>
    <span class="second"
      >${p.durationMs !== null ? duration(p.durationMs) : p.status === 'now' && p.startedAt !== null ? duration(now - p.startedAt) : p.status === 'todo' ? 'not reached' : ''}${p.reason && html` · ${p.reason}`}</span
    >
  </li>`;

export function runBody(run: Run, output: string, now: number): Html {
  const status = statusOfRun(run, now);
  const { progress } = run;
  return html`<p class="crumb"><a href="/">Fleet</a> / <a href="/hosts/${run.hostName}">${run.hostName}</a></p>
    <h1>${run.verb}${run.target && html` <code>${shortCommit(run.target.commit)}</code>`}</h1>
    ${run.target?.subject && html`<p class="subject">${run.target.subject}</p>`}
    <p class="lead ${status.tone}">
      <span class="sign" aria-hidden="true">${status.sign}</span
      ><span class="state">${isOutcome(run.state) ? outcomeSentence(run.state, run.reason) : status.word}</span>
    </p>
    <p class="second inline">
      asked by ${run.createdBy},
      ${when(run.createdAt, now)}${run.attempt > 1 && ` · handed over ${run.attempt} times`}${run.cancelRequestedAt !== null && !isOutcome(run.state) && ' · cancelling'}
    </p>
    <ol class="phases">
      ${run.phases.map((p) => phase(p, now))}
    </ol>
    ${progress && progress.expected > 0 && run.finishedAt === null && html`<p class="progress"><progress max="${progress.expected}" value="${progress.done}">${progress.done} of ${progress.expected}</progress> ${progress.done} of ${progress.expected}${progress.current && html` · <code>${progress.current}</code>`}</p>`}
    ${run.tests && run.tests.total > 0 && html`<p>${run.tests.passed} of ${run.tests.total} tests passed${run.tests.failed.length > 0 && html`: <span class="bad">${run.tests.failed.join(', ')} failed</span>`}</p>`}
    <section class="panel">
      <h2>Output</h2>
      ${output === '' ? html`<p class="none">Nothing was written yet</p>` : html`<pre class="log" role="log" tabindex="0">${output}</pre>`}
    </section>`;
}
