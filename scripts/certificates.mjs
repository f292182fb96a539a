import { createPrivateKey, KeyObject, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isIP, isIPv6 } from 'node:net';
import path from 'node:path';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

const dayMs = 24 * 60 * 60 * 1_000;
const authorityName = 'CN=hklst development authority';
/** A certificate with fewer days left is issued again. */
const renewalDays = 30;
const caDays = 3_650;
const leafDays = 365;

const algorithms = {
  ec: { name: 'ECDSA', namedCurve: 'P-256' },
  rsa: rsa(2_048),
  // The authority's key signs once a year, so it may be slow.
  ca: rsa(3_072),
};

/**
 * Opens the authority whose key and certificate are in a folder as ca.key and ca.crt. Makes it if it does not exist.
 */
export async function openAuthority(folder, { anew }) {
  const files = filesOf(folder, 'ca');
  const isKept = !anew && existsSync(files.cert);
  if (!isKept) {
    const keys = await newKeys(algorithms.ca);
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: authorityName,
      keys,
      signingAlgorithm: algorithms.ca,
      ...validFor(caDays),
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    writePair(files, { certificate, key: pemOf(keys.privateKey) });
  }
  return { files, isKept, certificate: readCertificate(files.cert) };
}

/**
 * Issues a certificate into a folder unless a valid one exists, and tells whether it was kept. A certificate of another
 * authority is never replaced. A renewed one keeps the names of the old one, so they need not be given again.
 */
export async function issue(folder, authority, wanted) {
  const files = filesOf(folder, wanted.file);
  const found = existsSync(files.cert) ? readCertificate(files.cert) : null;
  if (found && !isOurs(found, authority)) return { isKept: true, isForeign: true };
  const names = [...new Set([...wanted.names, ...namesOf(found)].map(canonicalName))];
  if (found && !wanted.anew && isValid(found, { files, authority, names })) return { isKept: true };
  const keys = await newKeys(algorithms[wanted.key]);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${wanted.commonName}`,
    issuer: authority.certificate.subject,
    publicKey: keys.publicKey,
    signingKey: await caKey(authority),
    signingAlgorithm: algorithms.ca,
    ...validFor(leafDays),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment,
        true,
      ),
      new x509.ExtendedKeyUsageExtension(
        wanted.usages.map((usage) => x509.ExtendedKeyUsage[usage]),
        false,
      ),
      new x509.SubjectAlternativeNameExtension(names.map(alternativeName)),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(
        new x509.X509Certificate(authority.certificate.raw).publicKey,
      ),
    ],
  });
  const key = pemOf(keys.privateKey, wanted.key === 'rsa' ? 'pkcs1' : 'pkcs8');
  writePair(files, { certificate, key });
  if (wanted.inOneFile)
    writePrivate(path.join(folder, `${wanted.file}.pem`), `${key}${certificate.toString('pem')}\n`);
  return { isKept: false };
}

function filesOf(folder, name) {
  return { cert: path.join(folder, `${name}.crt`), key: path.join(folder, `${name}.key`) };
}

/** Tells whether a certificate is of this authority, matches its key, has all names, and is valid for long enough. */
function isValid(found, { files, authority, names }) {
  const there = new Set(namesOf(found).map(canonicalName));
  return (
    existsSync(files.key) &&
    found.verify(authority.certificate.publicKey) &&
    found.checkPrivateKey(readKey(files.key)) &&
    new Date(found.validTo).getTime() > Date.now() + renewalDays * dayMs &&
    names.every((name) => there.has(name))
  );
}

/** Tells whether our authority signed a certificate. An authority that `--force` has replaced had the same name. */
function isOurs({ issuer }, authority) {
  return issuer === authorityName || issuer === authority.certificate.subject;
}

function readCertificate(file) {
  return parsed(file, 'a certificate', (text) => new X509Certificate(text));
}

function readKey(file) {
  return parsed(file, 'a private key', createPrivateKey);
}

function parsed(file, what, parse) {
  const text = readFileSync(file);
  try {
    return parse(text);
  } catch {
    throw new Error(`${file} is not ${what}: put it back from a copy, or remove it to have it made anew.`);
  }
}

/** Gives the names and addresses that a certificate is for. */
function namesOf(certificate) {
  const alternatives = certificate?.subjectAltName?.split(', ') ?? [];
  return alternatives.map((text) => text.replace(/^(DNS|IP Address):/, ''));
}

/** Writes a name in one form only. An IPv6 address could be written in many. */
function canonicalName(name) {
  return isIPv6(name) ? new URL(`http://[${name}]`).hostname.slice(1, -1) : name.toLowerCase();
}

async function caKey({ files }) {
  if (!existsSync(files.key))
    throw new Error(`${files.key} is missing: put it back, or make a new authority with --force.`);
  const der = readKey(files.key).export({ type: 'pkcs8', format: 'der' });
  return crypto.subtle.importKey('pkcs8', der, algorithms.ca, false, ['sign']);
}

function newKeys(algorithm) {
  return crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

function rsa(modulusLength) {
  return {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    publicExponent: new Uint8Array([1, 0, 1]),
    modulusLength,
  };
}

function validFor(days) {
  // Validity begins five minutes ago, because the clock of another machine may be behind.
  return { notBefore: new Date(Date.now() - 5 * 60_000), notAfter: new Date(Date.now() + days * dayMs) };
}

function alternativeName(name) {
  return { type: isIP(name) ? 'ip' : 'dns', value: name };
}

function pemOf(key, type = 'pkcs8') {
  return KeyObject.from(key).export({ type, format: 'pem' });
}

function writePair({ cert, key }, pair) {
  writePrivate(key, pair.key);
  writeFileSync(cert, `${pair.certificate.toString('pem')}\n`);
}

/**
 * Removes the old file and creates a new one, so that nobody who has the old one open can read the new text, and so
 * that its mode is 0600 from the first byte.
 */
function writePrivate(file, text) {
  rmSync(file, { force: true });
  writeFileSync(file, text, { mode: 0o600, flag: 'wx' });
}
