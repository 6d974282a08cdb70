select * from (values
  (1, '\xFF'::blob),
  (2, ''::blob)
) as t(id, photo)
