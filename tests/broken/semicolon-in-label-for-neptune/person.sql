select * from (values
  (1, 'Adult'),
  (2, 'Child;Pupil')
) as t(id, kind)
