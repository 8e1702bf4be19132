/** The version of provision. */
export const version = '0.1.0';
