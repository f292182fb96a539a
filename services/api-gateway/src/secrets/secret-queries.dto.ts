import { secretSortFields } from '#libs/contracts';
import { About, IfSent } from '../fields/field-rule';
import { IsOneOf } from '../fields/text-field.dto';
import { IsCount, IsFlag, IsSearchText, IsSecretName, IsTag } from './secret-field.dto';

export const PAGE_SIZE_DEFAULT = 20;
const PAGE_SIZE_MAX = 100;
const PAGE_MAX = 1_000_000;
const VERSION_MAX = 100_000_000;

/** Query of `GET /secrets`. */
export class ListSecretsQuery {
  @About('From 1. Without `page` and `page_size` the list is whole.')
  @IfSent()
  @IsCount(PAGE_MAX)
  page?: string;

  @About(`Default ${PAGE_SIZE_DEFAULT}.`)
  @IfSent()
  @IsCount(PAGE_SIZE_MAX)
  page_size?: string;

  @About('A part of the name or of the description.')
  @IfSent()
  @IsSearchText()
  q?: string;

  @About('Exactly this name.')
  @IfSent()
  @IsSecretName()
  name?: string;

  @About('One of its tags.')
  @IfSent()
  @IsTag()
  tag?: string;

  @About('By which field; `-` turns the order round. Default `name`.')
  @IfSent()
  @IsOneOf(secretSortFields.flatMap((field) => [field, `-${field}`]))
  sort?: string;
}

/** Query of `GET /secrets/:id/value`. */
export class RevealSecretQuery {
  @About('An earlier version; the current one if absent.')
  @IfSent()
  @IsCount(VERSION_MAX)
  version?: string;
}

/** Query of `DELETE /secrets/:id`. */
export class DeleteSecretQuery {
  @About('Destroy the keys now instead of at the end of the recovery window.')
  @IfSent()
  @IsFlag()
  destroy?: string;
}
