/** Exit code of a gateway that its configuration keeps from starting: EX_CONFIG of sysexits.h. */
export const configurationFault = 78;

/** What stands before each line that says, on standard error, what keeps the gateway from starting. */
export const refusalPrefix = 'gatekeeper refuses to start: ';

/** The variable that holds the settings of a gateway which has begun, as JSON; there is no secret in them. */
export const settingsVariable = 'GATEKEEPER_SETTINGS';
