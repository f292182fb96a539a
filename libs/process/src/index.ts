export { announceFirstSteps, announceReady, announceRefusal, type FirstSteps } from './announce';
export { keepHealthFile } from './health-file';
export { address, addresses, processSettings, publicUrl, readIdentity } from './process-settings';
export { runProcess, USAGE_ERROR } from './run-process';
export { describeNames, settingNames, strangeNames } from './setting-names';
export { untilThere } from './until-there';
