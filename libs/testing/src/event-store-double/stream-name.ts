interface Options {
  getStreamIdentifier(): { getStreamName_asU8(): Uint8Array } | undefined;
}

/** The stream that the options of a call name. */
export function streamName(options: Options): string {
  return Buffer.from(options.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString('utf8');
}
