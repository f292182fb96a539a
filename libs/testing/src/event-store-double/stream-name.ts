interface Options {
  getStreamIdentifier(): { getStreamName_asU8(): Uint8Array } | undefined;
}

/** Gives the name of the stream in the options of a call. */
export function streamName(options: Options): string {
  return Buffer.from(options.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString('utf8');
}
