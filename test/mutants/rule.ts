/**
 * A rule of a model, and the edit of its source text that switches it off. The model itself has no switches: the
 * edit is made while the model is bundled for a test.
 */
export interface Edit {
  /** What the model does, as a sentence without a full stop: "an opaque directory ends the merge". */
  readonly rule: string;
  /** The module that has the rule, from the top of the project. */
  readonly file: string;
  /** The function or the entry of a table to look in, where the module has the text more than once. */
  readonly within?: string;
  /** Text of the module that occurs exactly once, a line or a piece of one. */
  readonly find: string;
  /** What stands there instead in a model without the rule. */
  readonly replace: string;
  /** The recording that a model without the rule contradicts, by its name. */
  readonly noticedBy: string;
}

/** A rule of the kernel floor. */
export interface Rule extends Edit {
  /** The claim of `claims.ts` that it belongs to: "1.2c". */
  readonly section: string;
}

/** A rule of the model of systemd. */
export interface SystemdRule extends Edit {
  /** The function of systemd that it is from, or with what it was seen. */
  readonly source: string;
}
