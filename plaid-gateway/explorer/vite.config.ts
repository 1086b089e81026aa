import { readFile } from 'node:fs/promises';
import { defineConfig, type Plugin } from 'vite';

/** In development the files that the gateway serves beside the bundle. */
function catalogue(): Plugin {
  return {
    name: 'catalogue',
    configureServer(server) {
      server.middlewares.use('/catalogue', (request, response, next) => {
        const name = /^\/(index|operations\/\w+)\.json/.exec(request.url ?? '');
        if (!name) return next();
        readFile(new URL(`catalogue/${name[1]}.json`, import.meta.url)).then(
          (bytes) => response.setHeader('content-type', 'application/json').end(bytes),
          () => next(),
        );
      });
    },
  };
}

export default defineConfig({
  // Works under whatever path the gateway is mounted.
  base: './',
  plugins: [catalogue()],
  build: {
    target: 'es2023',
    // What the bundle contains wants its authors named with it.
    license: { fileName: 'licences.txt' },
    modulePreload: { polyfill: false },
    // Nothing is put into the page as a data: URL: its policy allows files of its own alone.
    assetsInlineLimit: 0,
    cssCodeSplit: false,
  },
  // A test that hangs is ended; how fast a machine is, is not tested.
  test: { include: ['test/**/*.test.{ts,tsx}'], testTimeout: 120_000 },
} as Parameters<typeof defineConfig>[0]);
