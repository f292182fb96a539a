import { secretSortFields } from '#libs/contracts';
import { IsOptional } from 'class-validator';
import { IsCount, IsOneOf, IsSearchText, IsSecretName, IsTag } from './secret-field.dto';

export const PAGE_SIZE_DEFAULT = 20;
const PAGE_SIZE_MAX = 100;
const PAGE_MAX = 1_000_000;
const VERSION_MAX = 100_000_000;

/** Query of `GET /secrets`. */
export class ListSecretsQuery {
  @IsOptional()
  @IsCount(PAGE_MAX)
  page?: string;

  @IsOptional()
  @IsCount(PAGE_SIZE_MAX)
  page_size?: string;

  @IsOptional()
  @IsSearchText()
  q?: string;

  @IsOptional()
  @IsSecretName()
  name?: string;

  @IsOptional()
  @IsTag()
  tag?: string;

  @IsOptional()
  @IsOneOf(secretSortFields.flatMap((field) => [field, `-${field}`]))
  sort?: string;
}

/** Query of `GET /secrets/:id/value`. */
export class RevealSecretQuery {
  @IsOptional()
  @IsCount(VERSION_MAX)
  version?: string;
}

/** Query of `DELETE /secrets/:id`. */
export class DeleteSecretQuery {
  @IsOptional()
  @IsOneOf(['true', 'false'])
  destroy?: string;
}
