/** Ends the engines that global-setup.cjs has started. */
module.exports = async () => {
  await Promise.all((globalThis.sharedEngines ?? []).map((engine) => engine.kill()));
};
