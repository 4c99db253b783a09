// The sign-in page: one form, no steps.
import { html } from './html.ts';
import { page } from './layout.ts';

export const signInPage = (error: string | undefined): string =>
  page({
    title: 'Sign in',
    body: html`<section class="sign-in">
      <h1>Sign in</h1>
      <form method="post" action="/login">
        <label for="password">Password</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="current-password"
          required
          autofocus
          ${error === undefined ? '' : html`aria-describedby="error" aria-invalid="true"`}
        />
        ${error !== undefined && html`<p class="error" id="error" role="alert">${error}.</p>`}
        <button class="primary">Sign in</button>
      </form>
    </section>`,
  });
