// The frame of every page: head, top bar, and the files it loads. Everything comes from this origin; nothing is inline.
import { type Html, html } from './html.ts';

export type Page = { title: string; body: Html; signedIn?: { actor: string; csrfToken: string } | undefined };

export const page = ({ title, body, signedIn }: Page): string =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="dark light" />
        <title>${title} · NixFleet</title>
        <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/assets/page.css" />
        ${signedIn && html`<script type="module" src="/assets/live.js"></script>`}
      </head>
      <body>
        <header class="top">
          <a class="brand" href="/"><img src="/assets/icon.svg" alt="" width="18" height="18" />NixFleet</a>
          ${
            signedIn &&
            html`<span class="grow"></span><span class="live" id="live" role="status">Connecting</span>
              <form method="post" action="/logout">
                <input type="hidden" name="csrf_token" value="${signedIn.csrfToken}" /><button class="quiet">
                  Sign out
                </button>
              </form>`
          }
        </header>
        <main id="main">${body}</main>
      </body>
    </html> `.toString();
