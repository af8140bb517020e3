/** Exit code of a gateway that its configuration keeps from starting: EX_CONFIG of sysexits.h. */
export const configurationFault = 78;

/** What stands before each line that says, on standard error, what keeps the gateway from starting. */
export const refusalPrefix = 'gatekeeper refuses to start: ';
