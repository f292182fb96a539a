// Only the shape is compared (libs/crypto, API keys). The gateway holds no cryptography, and a key with a typing error
// is still nearly a key.
const API_KEY_SHAPE = /hklst_[0-9a-z]{60}/i;

/** True when the text holds what looks like an API key. */
export function isMisplacedCredential(text: string): boolean {
  return text.length >= 66 && API_KEY_SHAPE.test(text);
}
