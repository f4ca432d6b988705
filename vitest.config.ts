import { defineConfig } from 'vitest/config';

// Two projects: "quick" is what `npm run check` runs in under a minute; "long" holds the tests that explore big
// state spaces, pack and install the package, or generate many worlds. `npm test` runs both.
const long = ['**/*.long.test.ts', 'properties/**/*.test.ts'];
const files = ['test/**/*.test.ts', 'properties/**/*.test.ts', 'models/**/*.test.ts'];

export default defineConfig({
  test: {
    // By default one core is left idle; half of the time is spent waiting for the kernel and for systemd.
    maxWorkers: '100%',
    projects: [
      { test: { name: 'quick', include: files, exclude: long, testTimeout: 20_000 } },
      { test: { name: 'long', include: long, testTimeout: 240_000 } },
    ],
  },
});
