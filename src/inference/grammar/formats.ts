const DATE = '[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])';
const TIME = '([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])';
const LABEL = '[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
const OCTET = '(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const HEX = '[0-9a-f]';

/** String formats of JSON Schema that OpenAI's strict mode lists, as patterns; days are 01 … 31 in every month (RFC 3339 shapes). */
export const STRING_FORMATS: Readonly<Record<string, string>> = {
  date: DATE,
  time: TIME,
  'date-time': `${DATE}T${TIME}`,
  duration: 'P([0-9]{1,4}W|([0-9]{1,4}D(T[0-9]{1,4}S)?|[0-9]{1,4}Y([0-9]{1,4}M)?|T[0-9]{1,4}H([0-9]{1,4}M([0-9]{1,4}S)?)?))',
  email: `[A-Za-z0-9_+-]{1,64}(\\.[A-Za-z0-9_+-]{1,32})?@${LABEL}(\\.${LABEL}){1,3}`,
  hostname: `${LABEL}(\\.${LABEL}){0,3}`,
  ipv4: `${OCTET}(\\.${OCTET}){3}`,
  ipv6: `${HEX}{1,4}(:${HEX}{1,4}){7}`,
  uuid: `${HEX}{8}-${HEX}{4}-${HEX}{4}-${HEX}{4}-${HEX}{12}`,
};
