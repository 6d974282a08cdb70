select * from (values
  (1, 'Ren\xC3\xA9'::blob),
  (2, 'Ren\xE9'::blob)
) as t(id, name)
