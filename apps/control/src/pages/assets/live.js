// Keeps a plain page current: any event of the fleet fetches the page again and replaces what changed. Scroll and focus stay.
const live = document.getElementById('live');
const main = document.getElementById('main');
let wanted = false;
let busy = false;

function say(state, text) {
  if (!live) return;
  live.className = `live ${state}`;
  live.textContent = text;
}

async function refresh() {
  wanted = true;
  if (busy) return;
  busy = true;
  while (wanted) {
    wanted = false;
    try {
      const answer = await fetch(location.href, { headers: { accept: 'text/html' } });
      if (answer.redirected) return location.assign('/login');
      const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('main');
      const log = main.querySelector('.log');
      const atEnd = log && log.scrollTop + log.clientHeight >= log.scrollHeight - 8;
      const top = log?.scrollTop ?? 0;
      if (fresh && fresh.innerHTML !== main.innerHTML) main.innerHTML = fresh.innerHTML;
      const now = main.querySelector('.log');
      if (now) now.scrollTop = atEnd ? now.scrollHeight : top;
    } catch {
      say('off', 'Disconnected, retrying');
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  busy = false;
}

const events = new EventSource('/api/events');
events.addEventListener('open', () => {
  say('on', 'Live');
  void refresh();
});
events.addEventListener('error', () => say('off', 'Disconnected, retrying'));
for (const name of ['host_changed', 'host_removed', 'metrics_changed', 'run_changed', 'target_changed', 'reset'])
  events.addEventListener(name, () => void refresh());
// Relative times grow old by themselves.
setInterval(() => void refresh(), 15_000);
const log = document.querySelector('.log');
if (log) log.scrollTop = log.scrollHeight;
