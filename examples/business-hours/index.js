'use strict';
// Service accounts send in business hours alone: who has their password finds nobody at night who would notice.
const { defineCheck, install, pass, refuse, skip } = require('haraka-plugin-gatekeeper');

const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

exports.register = function () {
  const { main, accounts } = this.config.get('business-hours.ini');
  install(this, { checks: [exports.businessHours({ ...main, accounts: Object.keys(accounts ?? {}) })] });
};

/** Throws where there is no such time zone, no account or no time of day. */
exports.businessHours = function ({
  accounts,
  from = '07:00',
  to = '19:00',
  days = 'Mon Tue Wed Thu Fri',
  time_zone,
}) {
  const clock = new Intl.DateTimeFormat('en-GB', {
    ...{ timeZone: time_zone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  });
  const open = days.split(' ');
  if (accounts.length === 0) throw new Error('business-hours.ini: [accounts] names nobody');
  if (!open.every((day) => weekdays.includes(day))) throw new Error(`business-hours.ini: days=${days}`);
  for (const time of [from, to]) {
    if (!/^([01]\d|2[0-4]):[0-5]\d$/.test(time)) throw new Error(`business-hours.ini: ${time} is no HH:MM`);
  }
  const names = new Set(accounts.map((account) => account.toLowerCase()));

  return defineCheck({
    name: 'business-hours/account',
    // For each message: a session may last longer than the day.
    stage: 'mail',
    judges: 'authenticated',
    after: ['auth/account'],
    replies: {
      'outside-hours': { code: '550', status: '5.7.1', text: 'This account sends in business hours alone' },
    },
    decide({ identity }) {
      const own = [identity.name, ...identity.addresses].map((address) => address.toLowerCase());
      if (!own.some((address) => names.has(address))) return skip('no service account');
      const { weekday, hour, minute } = now(clock);
      const time = `${hour}:${minute}`;
      const isOpen = open.includes(weekday) && time >= from && time < to;
      return isOpen ? pass : refuse('outside-hours', `${weekday} ${time}`, `From ${from} to ${to}, ${days}.`);
    },
  });
};

function now(clock) {
  return Object.fromEntries(clock.formatToParts(new Date()).map(({ type, value }) => [type, value]));
}
