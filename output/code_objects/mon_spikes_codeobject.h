#ifndef _INCLUDED_mon_spikes_codeobject
#define _INCLUDED_mon_spikes_codeobject

void _run_mon_spikes_codeobject();

void _debugmsg_mon_spikes_codeobject();

#endif
