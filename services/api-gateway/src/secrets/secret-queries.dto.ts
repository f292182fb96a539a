import { secretSortFields } from '#libs/contracts';
import { IsOptional } from 'class-validator';
import { About } from '../openapi/field-rule';
import { IsCount, IsFlag, IsOneOf, IsSearchText, IsSecretName, IsTag } from './secret-field.dto';

export const PAGE_SIZE_DEFAULT = 20;
const PAGE_SIZE_MAX = 100;
const PAGE_MAX = 1_000_000;
const VERSION_MAX = 100_000_000;

/** Query of `GET /secrets`. */
export class ListSecretsQuery {
  @About('From 1. Without `page` and `page_size` the list is whole.')
  @IsOptional()
  @IsCount(PAGE_MAX)
  page?: string;

  @About(`Default ${PAGE_SIZE_DEFAULT}.`)
  @IsOptional()
  @IsCount(PAGE_SIZE_MAX)
  page_size?: string;

  @About('A part of the name or of the description.')
  @IsOptional()
  @IsSearchText()
  q?: string;

  @About('Exactly this name.')
  @IsOptional()
  @IsSecretName()
  name?: string;

  @About('One of its tags.')
  @IsOptional()
  @IsTag()
  tag?: string;

  @About('By which field; `-` turns the order round. Default `name`.')
  @IsOptional()
  @IsOneOf(secretSortFields.flatMap((field) => [field, `-${field}`]))
  sort?: string;
}

/** Query of `GET /secrets/:id/value`. */
export class RevealSecretQuery {
  @About('An earlier version; the current one if absent.')
  @IsOptional()
  @IsCount(VERSION_MAX)
  version?: string;
}

/** Query of `DELETE /secrets/:id`. */
export class DeleteSecretQuery {
  @About('Destroy the keys now instead of at the end of the recovery window.')
  @IsOptional()
  @IsFlag()
  destroy?: string;
}
