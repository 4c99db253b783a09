// What switch-to-configuration prints, in the words of its Perl and Rust versions.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failedUnits, plannedUnits } from './switch-output.ts';

test('failed units are named once each', () => {
  const lines = [
    'setting up /etc...',
    'warning: the following units failed: nginx.service, php-fpm.service',
    '× nginx.service - Nginx Web Server',
    'warning: the following units failed: nginx.service',
  ];
  assert.deepEqual(failedUnits(lines), ['nginx.service', 'php-fpm.service']);
  assert.deepEqual(failedUnits(['all is well']), []);
});

test('a dry activation says what it would do to which unit', () => {
  const lines = [
    'would stop the following units: a.service',
    'would NOT stop the following changed units: -.mount',
    'would activate the configuration...',
    'would reload the following units: dbus.service',
    'would restart the following units: b.service, c.service',
    'would start the following units: d.timer',
  ];
  assert.deepEqual(plannedUnits(lines), [
    'stop a.service',
    'reload dbus.service',
    'restart b.service',
    'restart c.service',
    'start d.timer',
  ]);
});
