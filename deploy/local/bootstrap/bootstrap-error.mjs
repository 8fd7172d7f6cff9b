/** A reason to stop that is complete in one sentence: shown without a stack. */
export class BootstrapError extends Error {}
